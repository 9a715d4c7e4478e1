"""A test double of a shop's site: catalogue, basket, checkout and the door of a payment page. It takes no money."""
