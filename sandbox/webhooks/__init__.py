"""Partner Center's webhooks: the registration, and a sender with its own key and chain."""
