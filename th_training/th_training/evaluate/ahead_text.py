"""The words of docs/ahead.md."""

HEAD = """\
# Predict now, correct as context arrives

Written by `{command}`: do not edit. TODO {subjects} {machine}
"""
SECTIONS = dict.fromkeys(("steady", "corrections", "arriving", "follows"), "TODO\n") | {
    "cost": "{delays} {live_ms} {again_ms}\n"
}
