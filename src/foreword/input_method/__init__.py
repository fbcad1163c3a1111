"""An input method for Linux desktops: suggestions wherever one types, by IBus. Never imports torch.

`keys` tells what a key means, `field` holds what is known of the text before the cursor, `method`
decides what to show, write and learn, `component` installs, and `engine` and `bus` speak to IBus.
"""
