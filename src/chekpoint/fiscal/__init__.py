"""The law: receipts, VAT, tags, documents, the operator's wire format. Pure: no I/O and no clock."""
