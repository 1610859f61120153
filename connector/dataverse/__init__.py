"""Dataverse: OData requests and answers, change tracking, atomic writes. Decides nothing."""
