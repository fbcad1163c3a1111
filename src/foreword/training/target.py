"""Which folder a model may be trained into. No torch, so that it is known before anything slow."""

from pathlib import Path

from foreword.folder.claim import Refusal
from foreword.folder.store import CONFIG, read_config, refusal_of


def refusal_for(*, replaces: bool) -> Refusal:
    """Refuses folders that hold something else; and a model, unless it is to be gone on with.

    Args:
        replaces: a model that is there is replaced, or trained further.
    """

    def refusal(folder: Path) -> str | None:
        if (why := refusal_of(folder)) is not None:
            return why
        if replaces or not (folder / CONFIG).exists():
            return None
        record = read_config(folder).training
        state = "a model" if record is None or record.finished else "an interrupted run"
        return (
            f"holds {state} already. Use --resume to go on with it, --overwrite to replace it, or "
            "another folder."
        )

    return refusal
