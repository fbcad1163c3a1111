"""Translation models as the server's endpoints use them."""

from foreword.errors import SettingsError
from foreword.translator.translator import Translator

BEAMS = 4


class FolderTranslator:
    """A translation model in a folder. Knows nothing about HTTP."""

    def __init__(self, folder: str) -> None:
        """Load the model.

        Raises:
            FolderError: the folder is missing or damaged, or holds another kind of model.
            SettingsError: the model does not tell its languages, by which requests choose it.
        """
        self._translator = Translator.load(folder)
        config = self._translator.config
        if not config.source_language or not config.target_language:
            raise SettingsError(
                f"{folder} does not tell its languages, by which clients choose a model. Set "
                "source_language and target_language when training"
            )
        self.source = config.source_language.partition("-")[0]
        self.target = config.target_language.partition("-")[0]

    def translate(self, texts: list[str], alternatives: int) -> list[list[str]]:
        """Return the translations of each text: the best one, and at most so many others."""
        n = 1 + alternatives
        translations = self._translator.translate(texts, beams=max(BEAMS, n), n=n)
        return [[one.text, *(other.text for other in one.alternatives)] for one in translations]
