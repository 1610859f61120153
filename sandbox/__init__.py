"""Dataverse, Partner Center and sign-in, emulated over HTTPS. Imports none of our packages."""
