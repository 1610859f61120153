"""The Dataverse Web API, as the engine's `Crm` port wants it."""
