"""The equations of every recurrent cell, as the papers have them. No loops over time, no speed."""
