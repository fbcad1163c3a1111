"""A window with fields for text, an address and a password. Prints what they hold, as JSON.

Run by the system's Python, which has the bindings of GTK.
"""

import json


def show() -> None:
    import gi

    gi.require_version("Gtk", "3.0")
    from gi.repository import Gtk

    window = Gtk.Window(title="Fields")
    window.set_default_size(420, 120)
    fields = {"text": Gtk.Entry(), "address": Gtk.Entry(), "password": Gtk.Entry(visibility=False)}
    fields["address"].set_input_purpose(Gtk.InputPurpose.EMAIL)
    fields["password"].set_input_purpose(Gtk.InputPurpose.PASSWORD)

    def tell(*_: object) -> None:
        has_focus = window.has_toplevel_focus()
        focus = [name for name, field in fields.items() if has_focus and field.has_focus()]
        held = {name: field.get_text() for name, field in fields.items()}
        print(json.dumps({**held, "focus": "".join(focus)}), flush=True)  # noqa: T201

    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=12, border_width=12)
    for field in fields.values():
        box.add(field)
        field.connect("changed", tell)
        field.connect("notify::has-focus", tell)
    window.connect("notify::has-toplevel-focus", tell)
    window.connect("destroy", Gtk.main_quit)
    window.add(box)
    window.show_all()
    Gtk.main()


if __name__ == "__main__":
    show()
