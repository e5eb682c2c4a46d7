"""Modules that bring a version of the shared counter, and do something wrong or special on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from emulator import Machine
from emulator.monitor import UpdateRecord
from emulator.monitor.replies import UpdateInfo
from tests.system.machines import module, ready_machine, written_module

_SOURCE: Final = """
@INCLUDES@
#include "objects/standard_factory.h"
#include "objects/update.h"
#include "services/counter/counter.h"

namespace services {

inline namespace v@VERSION@ {

class SharedCounterRoot;

class SharedCounter final : public objects::Rep<Counter> {
public:
    static objects::FactoryMadeClass descriptor;
    explicit SharedCounter(objects::Root& root) : Rep(root) {}

    kernel::Status increment() override { return add(1); }
    kernel::Status decrement() override { return add(-1); }
    kernel::Result<int64_t> value() override { return __atomic_load_n(&m_count, __ATOMIC_RELAXED); }

private:
    friend class SharedCounterRoot;
    kernel::Status add(int64_t amount)
    {
        __atomic_fetch_add(&m_count, amount, __ATOMIC_RELAXED);
        return {};
    }
    @FIELDS@
    int64_t m_count = 0;
};

static constexpr objects::Format formats[] = {@FORMATS@};
static constexpr objects::Format way_back[] = {@WAY_BACK@};
static unsigned imports_done = 0;
static unsigned exports_done = 0;

class SharedCounterRoot final : public objects::SharedRoot<SharedCounter> {
public:
    using InterfaceType = Counter;

    objects::FormatList exports() const override { return objects::FormatList::of(way_back); }
    objects::FormatList imports() const override { return objects::FormatList::of(formats); }
    size_t transfer_size(const objects::Format&) const override
    {
        return objects::parcel_size<CounterShare>(1);
    }
    kernel::Status prepare_import(const objects::Format&, objects::CpuSet) override
    {
        @PREPARE@
        return {};
    }
    kernel::Status export_state(
        const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const override
    {
        if (site.first())
            *TRY(arena.place<CounterShare>(site.cpu)) = {m_rep.m_count};
        [[maybe_unused]] const unsigned number = __atomic_fetch_add(&exports_done, 1, __ATOMIC_RELAXED);
        @EXPORT@
        return {};
    }
    kernel::Status import_state(
        const objects::Format&, objects::TransferSite, const objects::Parcel& parcel) override
    {
        if (const auto* share = parcel.as<CounterShare>())
            __atomic_fetch_add(&m_rep.m_count, share->count, __ATOMIC_RELAXED);
        [[maybe_unused]] const unsigned number = __atomic_fetch_add(&imports_done, 1, __ATOMIC_RELAXED);
        @IMPORT@
        return {};
    }
};

constinit objects::FactoryMadeClass SharedCounter::descriptor
    = objects::factory_class<SharedCounterRoot>("SharedCounter", "Counter", @VERSION@);

}

}

extern "C" kernel::Status module_init()
{
    @BEFORE@
    TRY(objects::update_class(services::SharedCounter::descriptor@OPTIONS@));
    @AFTER@
    return {};
}
"""


@dataclass(frozen=True)
class Version:
    """A version of the counter. The texts are C++; ``number`` is the import's or the export's, from 0."""

    version: int = 2
    name: str = ""
    formats: str = '"counter.shares/1"'
    way_back: str = '"counter.shares/1"'
    fields: str = ""
    prepare: str = ""
    export: str = ""
    on_import: str = ""
    before: str = ""
    after: str = ""
    options: str = ""
    manifest: str = ""
    includes: tuple[str, ...] = ()
    classes: tuple[tuple[str, int, int], ...] | None = field(default=None)

    @property
    def module_name(self) -> str:
        """That of the update."""
        return self.name or f"counter_{self.version}"

    def build(self) -> bytes:
        """The module's file."""
        source = _SOURCE
        for place, text in (
            ("VERSION", str(self.version)),
            ("FORMATS", "{" + self.formats + "}"),
            ("WAY_BACK", "{" + self.way_back + "}"),
            ("INCLUDES", "\n".join(f'#include "{each}"' for each in self.includes)),
            ("FIELDS", self.fields),
            ("PREPARE", self.prepare),
            ("EXPORT", self.export),
            ("IMPORT", self.on_import),
            ("BEFORE", self.before),
            ("AFTER", self.after),
            ("OPTIONS", f", {self.options}" if self.options else ""),
        ):
            source = source.replace(f"@{place}@", text)
        classes = self.classes
        if classes is None:
            classes = (("services::SharedCounter", self.version - 1, self.version),)
        return written_module(self.module_name, source, classes, self.manifest)


INSTANCES: Final = 240
"""Counters of the workload."""


def loaded_machine(*, clients: int = 0, cpus: int = 2, policy: str = "round-robin") -> Machine:
    """With the shipped race fixed, and clients that count on many counters. Use it in a ``with``."""
    machine = ready_machine(cpus, policy)
    machine.monitor.apply(module("allocator_race"))
    machine.monitor.workload_start("counters", clients=clients)
    machine.run_for(300_000)
    return machine


def quiet_machine(counters: int) -> tuple[Machine, list[str]]:
    """With counters that nobody calls, and clients of something else that leave no idle time."""
    machine = ready_machine()
    machine.monitor.apply(module("allocator_race"))
    references = [machine.monitor.create("SharedCounter") for _ in range(counters)]
    machine.monitor.workload_start("counting", clients=2)
    return machine, references


def become_idle(machine: Machine) -> None:
    """What a lazy update has left is converted now."""
    machine.monitor.workload_stop("counting")
    machine.monitor.workload_wait("counting")
    machine.run_for(50_000_000)


def apply_whole(machine: Machine, version: Version) -> UpdateRecord:
    """Applies it and lets the machine run until the clients have called every counter."""
    record = machine.monitor.apply(version.build(), limit_ns=2_000_000_000)
    for _ in range(100):
        if not info(machine, record).unconverted:
            return record
        machine.run_for(500_000)
    raise AssertionError(f"not converted: {info(machine, record)}")


def expect_exact(machine: Machine) -> None:
    """Every increment was counted once, whatever happened to the counters."""
    machine.monitor.workload_stop("counters")
    status = machine.monitor.workload_wait("counters", limit_ns=5_000_000_000)
    assert status.errors == 0
    assert status.operations > 100


def version_of_counters(machine: Machine) -> set[int]:
    """Versions that have instances."""
    return {
        each.version for each in machine.monitor.classes() if each.name == "SharedCounter" and each.instances
    }


def info(machine: Machine, record: UpdateRecord) -> UpdateInfo:
    """What the guest has on record of an update."""
    return next(each for each in machine.monitor.updates() if each.id == record.id)
