"""An input method for Linux desktops: suggestions everywhere, by IBus. Never imports torch.

`keys` interprets keys, `field` has the known text around the cursor, `method` decides what to show,
write and learn, `component` installs, and `engine` and `bus` speak to IBus.
"""
