"""DanceNow's nodes for ComfyUI; link or copy this folder into `ComfyUI/custom_nodes/`."""

from .nodes import NODES

NODE_CLASS_MAPPINGS = {f"DanceNow{name}": node for name, (node, _) in NODES.items()}
NODE_DISPLAY_NAME_MAPPINGS = {f"DanceNow{name}": title for name, (_, title) in NODES.items()}

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
