"""The forms in which people have text: chats, mail, tables, subtitles, books. One file a form."""
