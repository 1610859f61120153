"""Messages to people: what is wrong, once, with reminders and an all clear (extra `notify`)."""
