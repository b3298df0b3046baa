"""What a Trino coordinator sends: the pages of a result, and errors.

https://trino.io/docs/current/develop/client-protocol.html
"""

import re
from typing import Any

from lab.parquet_lake import LakeError, Outcome


def pages_json(outcome: Outcome, page_rows: int) -> list[dict[str, Any]]:
    """Return the pages of a result, as the coordinator sends them.

    Each page has at most `page_rows` rows. The last one has none, as in Trino.
    """
    columns, rows = outcome.columns, outcome.rows
    updated: dict[str, Any] = {}
    if outcome.written is not None:
        columns, rows = [("rows", "bigint")], [[outcome.written]]
        updated = {"updateType": "INSERT", "updateCount": outcome.written}
    described = {"columns": [_column(*one) for one in columns]} | updated
    starts = range(0, len(rows), page_rows)
    pages = [{"data": rows[start : start + page_rows]} | described for start in starts]
    return [*pages, described]


def error_json(error: LakeError) -> dict[str, Any]:
    """Return an error, as the coordinator sends it."""
    return {
        "message": error.message,
        "errorCode": error.code,
        "errorName": error.name,
        "errorType": _error_type(error.code),
        "failureInfo": {
            "type": "io.trino.spi.TrinoException",
            "message": error.message,
        },
    }


def _column(name: str, kind: str) -> dict[str, Any]:
    raw, numbers = kind.partition("(")[0], re.findall(r"\d+", kind)
    if raw == "varchar":
        numbers = ["2147483647"]  # without a length, it is the greatest one
    arguments = [{"kind": "LONG", "value": int(one)} for one in numbers]
    signature = {"rawType": raw, "arguments": arguments}
    return {"name": name, "type": kind, "typeSignature": signature}


def _error_type(code: int) -> str:
    """Return the type of an error, which Trino numbers in ranges."""
    if code < 0x1_0000:
        return "USER_ERROR"
    return "INSUFFICIENT_RESOURCES" if code < 0x100_0000 else "EXTERNAL"
