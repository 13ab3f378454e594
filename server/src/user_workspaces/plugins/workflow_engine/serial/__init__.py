"""The engine of serial workflows, whose steps run one after the other."""

from user_workspaces.plugins.workflow_engine.serial.engine import SerialEngine

__all__ = ["SerialEngine"]
