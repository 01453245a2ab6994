"""Files of annotated documents: one module a format, chosen by content or by name."""

from khabar.formats.registry import FORMATS, recognise, write_documents

__all__ = ["FORMATS", "recognise", "write_documents"]
