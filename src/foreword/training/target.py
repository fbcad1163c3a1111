"""Decide which folder a model may be trained into. No torch, so that errors come early."""

from pathlib import Path

from foreword.folder.claim import Refusal
from foreword.folder.saving import refusal_of
from foreword.folder.store import holds_model, read_config
from foreword.folder.translation_store import holds_translation, read_translation_config
from foreword.training.checkpoint import home, saved


def refusal_for(*, replaces: bool) -> Refusal:
    """Refuse folders of something else, and a model unless it is replaced or trained further.

    Args:
        replaces: whether a model in the folder is replaced, or trained further.
    """

    def refusal(folder: Path) -> str | None:
        if (why := refusal_of(folder)) is not None:
            return why
        if replaces or not holds_model(folder):
            return None
        if home(folder) != folder:
            state = "a model already, and an interrupted run that is to replace it"
        else:
            record = (
                read_translation_config(folder)
                if holds_translation(folder)
                else read_config(folder)
            ).training
            is_done = record is None or record.finished
            state = "a model already" if is_done else "an interrupted run already"
        go_on = "Use --resume to continue it, " if saved(folder) else "Use "
        return f"holds {state}. {go_on}--overwrite to replace it, or another folder."

    return refusal
