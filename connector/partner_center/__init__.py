"""Partner Center: subscriptions, customers and audit records. Decides nothing."""
