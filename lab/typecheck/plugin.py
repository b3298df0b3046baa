"""Pydantic's plugin for mypy, to be had with any settings and to be done without.

mypy forgets what it knows of all libraries, which took it seconds to learn, as soon
as a plugin comes, goes, or has other settings. Here there always is a plugin: it
reads the libraries in one way, and the models of the program as it is told to.
"""

from collections.abc import Callable
from configparser import ConfigParser
from typing import Any, Final

from mypy.options import Options
from mypy.plugin import (
    ClassDefContext,
    DynamicClassDefContext,
    MethodContext,
    ReportConfigContext,
)
from mypy.types import Type
from pydantic.mypy import CONFIGFILE_KEY, PydanticPlugin

_PROGRAM: Final = "__main__"

_ClassHook = Callable[[ClassDefContext], None]


class LabPlugin(PydanticPlugin):
    """Does what Pydantic's plugin does, if the configuration has a table for it."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        configured = ConfigParser()
        configured.read(options.config_file or [])
        self._is_on = configured.has_section(CONFIGFILE_KEY)

    def report_config_data(self, ctx: ReportConfigContext) -> dict[str, Any]:
        """Return the settings by which libraries are read: none."""
        return {}

    def get_metaclass_hook(self, fullname: str) -> _ClassHook | None:
        """Return nothing: Pydantic's would let mypy forget what a model is for good."""
        return None

    def get_base_class_hook(self, fullname: str) -> _ClassHook | None:
        """Return what reads a model."""
        read = super().get_base_class_hook(fullname)

        def call(context: ClassDefContext) -> None:
            assert read is not None
            if context.api.cur_mod_id != _PROGRAM:
                read(context)
            elif self._is_on:
                # What Pydantic's metaclass hook does, in this run alone.
                metaclass = context.cls.info.metaclass_type
                if metaclass is not None:
                    metaclass.type.dataclass_transform_spec = None
                read(context)

        return call if read else None

    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        """Return what reads a call of `from_orm`."""
        return super().get_method_hook(fullname) if self._is_on else None

    def get_dynamic_class_hook(
        self, fullname: str
    ) -> Callable[[DynamicClassDefContext], None] | None:
        """Return what reads a call of `create_model`."""
        return super().get_dynamic_class_hook(fullname) if self._is_on else None


def plugin(version: str) -> type[LabPlugin]:
    """Return the plugin, for mypy of this `version`."""
    return LabPlugin
