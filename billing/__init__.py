"""Money, service periods, settlement, invoices. Pure: values in, values out; no float anywhere."""
