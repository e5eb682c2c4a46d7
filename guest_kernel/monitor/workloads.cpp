// Starting, stopping and looking at what loads the system.

#include "arch/ppc64/boot.h"
#include "arch/ppc64/percpu.h"
#include "devices/mailbox.h"
#include "kernel/init.h"
#include "kernel/text.h"
#include "monitor/workload_sample.h"
#include "objects/counted_scope.h"
#include "workload/workload.h"

namespace monitor {

namespace {

using devices::ValueReader;
using devices::ValueWriter;
using kernel::Code;
using kernel::Result;
using kernel::Status;
using workload::Workload;

constexpr size_t name_size = 48;

Result<Workload*> read_workload(ValueReader& arguments)
{
    char name[name_size];
    TRY(arguments.text(name, sizeof name));
    Workload* found = workload::find(name);
    if (found == nullptr)
        return Code::NOT_FOUND;
    return found;
}

Status read_parameter(ValueReader& arguments, workload::Parameters& parameters)
{
    char key[name_size];
    TRY(arguments.begin_list());
    TRY(arguments.text(key, sizeof key));
    const uint64_t value = TRY(arguments.number());
    TRY(arguments.end_list());
    if (kernel::equal(key, "clients"))
        parameters.clients = value;
    else if (kernel::equal(key, "operations"))
        parameters.operations = value;
    else if (kernel::equal(key, "grab"))
        parameters.grab = value;
    else if (kernel::equal(key, "seed"))
        parameters.seed = value;
    else
        return Code::INVALID;
    return {};
}

Status start_workload(ValueReader& arguments, ValueWriter&)
{
    Workload* found = TRY(read_workload(arguments));
    workload::Parameters parameters;
    parameters.seed = arch::boot_info().workload_seed;
    TRY(arguments.begin_list());
    while (arguments.more_in_list())
        TRY(read_parameter(arguments, parameters));
    TRY(arguments.end_list());
    objects::CountedScope calls_objects;
    return found->start(parameters);
}

Status stop_workload(ValueReader& arguments, ValueWriter&)
{
    TRY(read_workload(arguments))->stop();
    return {};
}

void write_pair(ValueWriter& result, const char* key, uint64_t value)
{
    result.begin_list();
    result.text(key);
    result.number(value);
    result.end_list();
}

void write_kinds(ValueWriter& result, const Workload& workload)
{
    result.begin_list();
    result.text("kinds");
    result.begin_list();
    for (unsigned number = 0; number < workload.kinds(); ++number) {
        const auto kind = workload.kind(number);
        result.begin_list();
        result.text(kind.name);
        const uint64_t figures[] = {kind.done, kind.wrong, kind.refused, kind.parked, kind.longest_ns};
        for (const uint64_t figure : figures)
            result.number(figure);
        result.end_list();
    }
    result.end_list();
    result.end_list();
}

void write_kept(ValueWriter& result, const workload::Kept& kept)
{
    result.begin_list();
    result.text("kept");
    result.begin_list();
    result.number(kept.files);
    result.number(kept.bytes);
    result.number(kept.digest);
    result.end_list();
    result.end_list();
}

Status describe_workload(ValueReader& arguments, ValueWriter& result)
{
    const Workload& found = *TRY(read_workload(arguments));
    const auto totals = found.totals();
    write_pair(result, "running", totals.running);
    write_pair(result, "operations", totals.operations);
    write_pair(result, "errors", totals.errors);
    write_pair(result, "elapsed_ns", found.elapsed_ns());
    write_kinds(result, found);
    write_kept(result, found.kept());
    result.begin_list();
    result.text("longest_gap_ns");
    result.begin_list();
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
        result.number(found.gap(cpu).longest_ns);
    result.end_list();
    result.end_list();
    return {};
}

Status list_workloads(ValueReader&, ValueWriter& result)
{
    workload::for_each(
        [](Workload& each, void* context) { static_cast<ValueWriter*>(context)->text(each.name()); }, &result);
    return {};
}

struct Sample {
    uint64_t swap;
    const char* phase;
};

void report(Workload& each, void* context)
{
    const auto& sample = *static_cast<const Sample*>(context);
    const auto totals = each.totals();
    if (totals.running == 0)
        return;
    devices::mailbox::EventWriter event(abi::EventKind::WORKLOAD);
    event.text(each.name());
    event.number(sample.swap);
    event.text(sample.phase);
    event.number(totals.operations);
    event.number(totals.errors);
    // A report that does not fit is lost: reports are for people.
    event.post().ignore();
}

Status start()
{
    TRY(devices::mailbox::register_handler(abi::Operation::WORKLOADS, list_workloads));
    TRY(devices::mailbox::register_handler(abi::Operation::WORKLOAD_START, start_workload));
    TRY(devices::mailbox::register_handler(abi::Operation::WORKLOAD_STOP, stop_workload));
    return devices::mailbox::register_handler(abi::Operation::WORKLOAD_STATUS, describe_workload);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.workloads", start};

}

void sample_workloads(uint64_t swap, const char* phase)
{
    Sample sample{swap, phase};
    workload::for_each(report, &sample);
}

}
