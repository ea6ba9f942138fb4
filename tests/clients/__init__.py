"""Official clients against a real gateway, each with each upstream. `table` writes what holds into docs/compatibility.md."""
