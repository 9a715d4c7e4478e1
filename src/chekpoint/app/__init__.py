"""The composition root: the only place that knows every maker, every shop's door and every screen."""
