"""The keys of the page with the map."""

from __future__ import annotations

from textual.binding import Binding, BindingType

ZOOM = Binding.Group("Zoom", compact=True)

MAP_KEYS: list[BindingType] = [
    Binding("enter", "open", "Why", id="map_open", tooltip="Explain the chosen digit in Mistakes"),
    Binding(
        "i",
        "inside",
        "Inside",
        id="map_inside",
        tooltip="Show the digit's way through the network",
    ),
    Binding("b", "embed", "t-SNE", id="embed", tooltip="Place by t-SNE, or by PCA again"),
    Binding("escape", "stop", "Stop", id="map_stop", tooltip="Stop t-SNE"),
    Binding(
        "v", "toggle_wrong", "Mistakes", id="map_all", tooltip="Show only mistakes, or all digits"
    ),
    Binding(
        "plus",
        "zoom(1)",
        "Zoom",
        key_display="+",
        group=ZOOM,
        id="zoom_in",
        tooltip="Zoom in at the chosen digit",
    ),
    Binding(
        "minus",
        "zoom(-1)",
        "Zoom",
        key_display="-",
        group=ZOOM,
        id="zoom_out",
        tooltip="Zoom out",
    ),
    Binding("0", "whole", "Zoom", group=ZOOM, id="whole_map", tooltip="Show the whole map"),
    *(
        Binding(
            key,
            f"move({right}, {down})",
            "Digit",
            show=False,
            id=f"map_{key}",
            tooltip=f"Go to the nearest digit {where}",
        )
        for key, right, down, where in (
            ("up", 0, -1, "above"),
            ("down", 0, 1, "below"),
            ("left", -1, 0, "to the left"),
            ("right", 1, 0, "to the right"),
        )
    ),
    *(
        Binding(
            f"shift+{key}",
            f"pan({right}, {down})",
            "Map",
            show=False,
            id=f"pan_{key}",
            tooltip=f"Look farther {where}",
        )
        for key, right, down, where in (
            ("up", 0, -1, "up"),
            ("down", 0, 1, "down"),
            ("left", -1, 0, "left"),
            ("right", 1, 0, "right"),
        )
    ),
]
