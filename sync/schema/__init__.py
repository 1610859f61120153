"""The tables in Dynamics: what is wanted, what is there, and the steps from one to the other.

Pure; `connector/dataverse/definitions.py` reads and carries out, `seatkeeper/schema_file.py` opens.
"""
