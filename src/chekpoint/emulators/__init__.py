"""Virtual parties: test doubles that speak the real protocols. The hub never imports them."""
