"""The rules for a `reana.yaml` and the texts of their errors: the same in the server and in the extension.

Both source trees have an identical copy of this folder; a test compares them. It needs PyYAML and jsonschema only.
"""

from .document import Document, read_text, read_value
from .engines import KNOWN, why_not_supported
from .inputs import Exists
from .problems import Problem, Severity, SourcePosition

__all__ = [
    "KNOWN",
    "Document",
    "Exists",
    "Problem",
    "Severity",
    "SourcePosition",
    "read_text",
    "read_value",
    "why_not_supported",
]
