"""Definitions of tables over the Web API: read what is there, carry out steps, one by one."""
