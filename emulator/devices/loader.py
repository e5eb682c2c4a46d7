"""The module loader: puts a linked module's bytes into memory that the guest gave.

The bytes come from a :class:`SegmentSource` that whoever attaches the device provides; a load is known by the
source's key, so that the whole handshake is plain data and survives a checkpoint.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Protocol

from emulator.abi.devices import DevicePage, Line
from emulator.abi.loader import (
    LOAD_PLACEMENT_RECORD,
    LOAD_REQUEST_RECORD,
    LOAD_RESULT_RECORD,
    MODULE_REQUIRED_MAX,
    NO_OFFSET,
    ConversionMode,
    LoaderControl,
    LoaderRegister,
    LoaderState,
)
from emulator.abi.memory_map import PAGE_SIZE
from emulator.abi.status import Code
from emulator.abi.values import Value, integer, items, text
from emulator.devices.registers import RegisterDevice
from emulator.errors import ModuleError, UsageError
from emulator.machine.device import BusFault, Event

COPY_PAGE_NS: Final = 500
"""Virtual time that the copy of one page takes."""
_LINE_STATES: Final = (LoaderState.REQUESTED, LoaderState.STAGED, LoaderState.FAILED)


@dataclass(frozen=True)
class ModuleImage:
    """What the guest must know of a module before it is relocated. Sizes in bytes, offsets from its base.

    Segments follow each other in the order text, rodata, data, each from a page boundary.
    """

    key: str
    """By which the source knows it."""
    name: str
    text_size: int
    rodata_size: int
    data_size: int
    entry: int = NO_OFFSET
    init_array: int = NO_OFFSET
    init_array_count: int = 0
    init_functions: int = NO_OFFSET
    init_functions_count: int = 0
    fini_array: int = NO_OFFSET
    fini_array_count: int = 0
    exit: int = NO_OFFSET
    time_limit: int = 50_000_000
    """Virtual ns that the initialisation may take."""
    mode: int = ConversionMode.AUTO
    irreversible: str = ""
    """Why its update cannot be undone; empty when it can."""
    required: tuple[int, ...] = ()
    """The guest's ids of the modules that it requires."""


class SegmentSource(Protocol):
    """Relocates modules; the layer above the devices has one."""

    def relocate(self, key: str, bases: tuple[int, int, int]) -> tuple[bytes, bytes, bytes]:
        """Text, rodata and data of a module for these addresses. Raises ModuleError."""


@dataclass(frozen=True)
class LoadOutcome:
    """How a load ended. ``code`` OK: the module is in service as ``module``."""

    id: int
    key: str
    base: int
    """0 when the guest gave no memory."""
    code: Code
    module: int = 0
    value: int = 0
    """What the initialisation returned."""
    vector: int = 0
    """The exception that ended it, 0 when none did."""
    address: int = 0
    data_address: int = 0
    text: str = ""
    """What failed, in the guest's words or those of the source."""


@dataclass
class _Load:
    """A load under way or waiting for its turn."""

    id: int
    image: ModuleImage
    base: int = 0
    frames: int = 0
    pages: int = 0
    refusal: str = ""
    """Why the source could not relocate it."""


class ModuleLoader(RegisterDevice):
    """Register page: :class:`emulator.abi.loader.LoaderRegister`.

    ``on_change`` is told when a load is staged or ends; it is an observer of the host's, no state.
    """

    def __init__(self, source: SegmentSource, on_change: Callable[[], None] | None = None) -> None:
        super().__init__(
            DevicePage.LOADER,
            {
                LoaderRegister.STATE: lambda _cpu: int(self._state),
                LoaderRegister.REQUEST: lambda _cpu: self._current.id if self._current else 0,
                LoaderRegister.CONTROL: lambda _cpu: self._control,
            },
            {
                LoaderRegister.TAKE: self._take,
                LoaderRegister.PLACE: self._place,
                LoaderRegister.FINISH: self._finish,
                LoaderRegister.CONTROL: self._set_control,
            },
        )
        self.on_change = on_change
        self._source = source
        self._control = 0
        self._state = LoaderState.IDLE
        self._next = 1
        self._loads: list[_Load] = []
        self._outcomes: dict[int, LoadOutcome] = {}

    @property
    def state(self) -> LoaderState:
        """Where the current load stands."""
        return self._state

    def load(self, image: ModuleImage) -> int:
        """Asks the guest to load a module, after those asked for before. Returns the load's id.

        Only between slices, so that a run can be repeated. Raises UsageError for an empty module.
        """
        if not _pages(image):
            raise UsageError(f"module {image.name} has no segment")
        load = _Load(self._next, image)
        self._next += 1
        self._loads.append(load)
        if self._state == LoaderState.IDLE:
            self._enter(LoaderState.REQUESTED)
        return load.id

    def outcome(self, load: int) -> LoadOutcome | None:
        """How a load ended; None while it has not."""
        return self._outcomes.get(load)

    def under_way(self, key: str) -> int | None:
        """The load of that image that has not ended, if there is one."""
        return next((each.id for each in self._loads if each.image.key == key), None)

    def base(self, load: int) -> int:
        """The address that the guest gave a load under way, 0 before it did."""
        return next((each.base for each in self._loads if each.id == load), 0)

    @property
    def _current(self) -> _Load | None:
        return self._loads[0] if self._loads else None

    def _expect(self, what: str, *states: LoaderState) -> _Load:
        if self._current is None or self._state not in states:
            raise BusFault(f"loader: {what} in state {self._state.name}")
        return self._current

    def _take(self, _cpu: int, physical: int) -> None:
        load = self._expect("TAKE", LoaderState.REQUESTED)
        image = load.image
        record = LOAD_REQUEST_RECORD.pack(
            id=load.id,
            text_size=image.text_size,
            rodata_size=image.rodata_size,
            data_size=image.data_size,
            entry=image.entry,
            init_array=image.init_array,
            init_array_count=image.init_array_count,
            init_functions=image.init_functions,
            init_functions_count=image.init_functions_count,
            fini_array=image.fini_array,
            fini_array_count=image.fini_array_count,
            exit=image.exit,
            time_limit=image.time_limit,
            name=image.name,
            mode=int(image.mode),
            irreversible=image.irreversible,
            required=(*image.required, *(0,) * (MODULE_REQUIRED_MAX - len(image.required))),
        )
        self.platform.write_memory(physical, record)
        self._enter(LoaderState.TAKEN)

    def _place(self, _cpu: int, physical: int) -> None:
        load = self._expect("PLACE", LoaderState.TAKEN)
        record = LOAD_PLACEMENT_RECORD.unpack(self.platform.read_memory(physical, LOAD_PLACEMENT_RECORD.size))
        if record.number("id") != load.id or record.number("pages") != _pages(load.image):
            raise BusFault(f"loader: placement of {record.number('pages')} pages for load {load.id}")
        if record.number("base") % PAGE_SIZE:
            raise BusFault(f"loader: base {record.number('base'):#x} is not at a page boundary")
        load.base, load.frames, load.pages = (record.number(name) for name in ("base", "frames", "pages"))
        self._enter(LoaderState.PLACED)
        self.platform.schedule(self, COPY_PAGE_NS * load.pages, 0, load.id)

    def event(self, event: Event) -> None:
        """The time that a copy takes has passed: the module is staged, or could not be relocated."""
        load = self._expect(f"copy of load {event.values[0]}", LoaderState.PLACED)
        try:
            self._copy(load)
        except (ModuleError, BusFault) as error:
            load.refusal = str(error)
            self._enter(LoaderState.FAILED)
        else:
            self._enter(LoaderState.STAGED)
        self._changed()

    def _copy(self, load: _Load) -> None:
        segments = self._source.relocate(load.image.key, segment_bases(load.image, load.base))
        frame_list = self.platform.read_memory(load.frames, 8 * load.pages)
        frames = [int.from_bytes(frame_list[at : at + 8], "big") for at in range(0, len(frame_list), 8)]
        contents = b"".join(
            data.ljust(_round_up(size), b"\0")
            for data, size in zip(segments, _sizes(load.image), strict=True)
        )
        if len(contents) != load.pages * PAGE_SIZE:
            raise ModuleError(f"module {load.image.name}: segments are not of the sizes that were announced")
        for index, frame in enumerate(frames):
            at = index * PAGE_SIZE
            self.platform.write_memory(frame, contents[at : at + PAGE_SIZE])
            self.platform.invalidate_code(frame, PAGE_SIZE)

    def _finish(self, _cpu: int, physical: int) -> None:
        load = self._expect("FINISH", LoaderState.TAKEN, LoaderState.STAGED, LoaderState.FAILED)
        record = LOAD_RESULT_RECORD.unpack(self.platform.read_memory(physical, LOAD_RESULT_RECORD.size))
        if record.number("id") != load.id:
            raise BusFault(f"loader: result of load {record.number('id')}, the current one is {load.id}")
        code = record.number("code")
        self._outcomes[load.id] = LoadOutcome(
            id=load.id,
            key=load.image.key,
            base=load.base,
            code=Code(code) if code in Code.__members__.values() else Code.INVALID,
            module=record.number("module"),
            value=record.number("value"),
            vector=record.number("vector"),
            address=record.number("address"),
            data_address=record.number("data_address"),
            text=load.refusal or record.text("text"),
        )
        del self._loads[0]
        self._enter(LoaderState.REQUESTED if self._loads else LoaderState.IDLE)
        self._changed()

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()

    def _enter(self, state: LoaderState) -> None:
        self._state = state
        self._update_line()

    def _set_control(self, _cpu: int, value: int) -> None:
        self._control = value & LoaderControl.INTERRUPT
        self._update_line()

    def _update_line(self) -> None:
        enabled = bool(self._control & LoaderControl.INTERRUPT)
        self.platform.set_line(Line.LOADER, enabled and self._state in _LINE_STATES)

    def _state_values(self) -> list[Value]:
        return [
            [self._control, int(self._state), self._next],
            [_load_values(load) for load in self._loads],
            [_outcome_values(outcome) for outcome in self._outcomes.values()],
        ]

    def _set_state_values(self, values: list[Value]) -> None:
        control, state, self._next = (integer(value) for value in items(values[0]))
        self._control, self._state = control, LoaderState(state)
        self._loads = [_load(items(row)) for row in items(values[1])]
        outcomes = [_outcome(items(row)) for row in items(values[2])]
        self._outcomes = {outcome.id: outcome for outcome in outcomes}


def segment_bases(image: ModuleImage, base: int) -> tuple[int, int, int]:
    """Effective addresses of text, rodata and data of a module at ``base``."""
    rodata = base + _round_up(image.text_size)
    return base, rodata, rodata + _round_up(image.rodata_size)


def _sizes(image: ModuleImage) -> tuple[int, int, int]:
    return image.text_size, image.rodata_size, image.data_size


def _pages(image: ModuleImage) -> int:
    return sum(_round_up(size) // PAGE_SIZE for size in _sizes(image))


def _round_up(size: int) -> int:
    return -(-size // PAGE_SIZE) * PAGE_SIZE


def _load_values(load: _Load) -> list[Value]:
    values = (getattr(load.image, field.name) for field in fields(ModuleImage))
    image: list[Value] = [list(value) if isinstance(value, tuple) else value for value in values]
    return [load.id, image, load.base, load.frames, load.pages, load.refusal]


def _image_value(name: str, value: Value) -> str | int | tuple[int, ...]:
    if name in ("key", "name", "irreversible"):
        return text(value)
    return tuple(map(integer, items(value))) if name == "required" else integer(value)


def _load(row: Sequence[Value]) -> _Load:
    names = [field.name for field in fields(ModuleImage)]
    values: dict[str, Any] = {
        name: _image_value(name, value) for name, value in zip(names, items(row[1]), strict=True)
    }
    image = ModuleImage(**values)
    base, frames, pages = (integer(value) for value in row[2:5])
    return _Load(integer(row[0]), image, base, frames, pages, text(row[5]))


def _outcome_values(outcome: LoadOutcome) -> list[Value]:
    return [
        [outcome.id, outcome.base, -int(outcome.code), outcome.module, outcome.value % (1 << 64)],
        [outcome.vector, outcome.address, outcome.data_address],
        outcome.key,
        outcome.text,
    ]


def _outcome(row: Sequence[Value]) -> LoadOutcome:
    load, base, code, module, value = (integer(number) for number in items(row[0]))
    vector, address, data_address = (integer(number) for number in items(row[1]))
    signed = value - (1 << 64) if value >> 63 else value
    return LoadOutcome(
        load, text(row[2]), base, Code(-code), module, signed, vector, address, data_address, text(row[3])
    )
