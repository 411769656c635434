"""A lifecycle node whose parameters stand in one table: declared, checked, refused by name where they are wrong."""

from __future__ import annotations

from typing import Any, ClassVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.lifecycle import LifecycleNode
from rclpy.parameter import Parameter as RosParameter

from th_common.parameters import Parameter

COMMON_PARAMETERS = (
    Parameter(
        name="autostart",
        default=True,
        description="configure and activate at start, without a lifecycle manager",
        read_only=True,
    ),
    Parameter(
        name="diagnostics_period",
        default=1.0,
        description="time between two messages on /diagnostics",
        unit="s",
        minimum=0.1,
        maximum=60.0,
        read_only=True,
    ),
)


class TableNode(LifecycleNode):
    """Declares COMMON_PARAMETERS and its own `parameters`; whatever is refused, at start or later, is named."""

    parameters: ClassVar[tuple[Parameter, ...]] = ()

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self._table = {p.name: p for p in COMMON_PARAMETERS + type(self).parameters}
        self.add_on_set_parameters_callback(self._check_parameters)
        for parameter in self._table.values():
            self.declare_parameter(parameter.name, parameter.default, _descriptor(parameter))
        self.add_post_set_parameters_callback(self._tell_changes)
        unknown = set(getattr(self, "_parameter_overrides", {})) - set(self._table) - {"use_sim_time"}
        if unknown:
            self.get_logger().warning(f"no such parameters, they are ignored: {', '.join(sorted(unknown))}")

    def value(self, name: str) -> Any:
        """The value of a parameter of the table."""
        return self.get_parameter(name).value

    def parameter_changed(self, name: str, value: Any) -> None:
        """A parameter has a new, checked value."""

    def refuses(self, name: str, value: Any) -> str | None:
        """Why a parameter's new value, good by its table, does not fit what the node has loaded; None: it does."""
        return None

    def set_parameters(self, parameter_list: list[RosParameter]) -> list[SetParametersResult]:
        """As rclpy's, but whatever is refused is named."""
        return [self.set_parameters_atomically([parameter]) for parameter in parameter_list]

    def set_parameters_atomically(self, parameter_list: list[RosParameter]) -> SetParametersResult:
        """As rclpy's, but whatever is refused is named (`ros2 param set` shows the reason)."""
        for change in parameter_list:
            reason = self._refuse_change(change)
            if reason:
                return SetParametersResult(successful=False, reason=reason)
        return super().set_parameters_atomically(parameter_list)

    def _refuse_change(self, change: RosParameter) -> str | None:
        known = self._table.get(change.name)
        if known is None:
            return None if self.has_parameter(change.name) else f"{self.get_name()} has no parameter {change.name!r}"
        if known.read_only:
            return f"{change.name} is read-only: say it when the node starts"
        return known.refuse_change(change.value) or self.refuses(change.name, change.value)

    def _check_parameters(self, changes: list[RosParameter]) -> SetParametersResult:
        for change in changes:
            known = self._table.get(change.name)
            reason = known.refuse(change.value) if known else None
            if reason:
                return SetParametersResult(successful=False, reason=reason)
        return SetParametersResult(successful=True)

    def _tell_changes(self, changes: list[RosParameter]) -> None:
        for change in changes:
            if change.name in self._table:
                self.parameter_changed(change.name, change.value)


def _descriptor(parameter: Parameter) -> ParameterDescriptor:
    unit = f" [{parameter.unit}]" if parameter.unit else ""
    descriptor = ParameterDescriptor(
        description=parameter.description + unit,
        additional_constraints=parameter.range_text(),
        read_only=parameter.read_only,
    )
    # ROS knows no range with holes: where special values exist the table's own check is the only one.
    if parameter.minimum is not None and parameter.maximum is not None and not parameter.special:
        if isinstance(parameter.default, float):
            descriptor.floating_point_range = [
                FloatingPointRange(from_value=parameter.minimum, to_value=parameter.maximum)
            ]
        elif isinstance(parameter.default, int):
            descriptor.integer_range = [
                IntegerRange(from_value=int(parameter.minimum), to_value=int(parameter.maximum))
            ]
    return descriptor
