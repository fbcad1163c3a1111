"""Suggestions in an editor, by the Language Server Protocol. Never imports torch.

`document` holds a text that is being edited, `editor` decides what to suggest in it, `framing`
reads messages from a stream, and `lsp` answers them.
"""
