// Starting and ending hot-swaps, and telling the host how they go.

#include "arch/ppc64/percpu.h"
#include "devices/mailbox.h"
#include "kernel/init.h"
#include "monitor/class_use.h"
#include "monitor/find_swap.h"
#include "monitor/reference_text.h"
#include "monitor/workload_sample.h"
#include "objects/counted_scope.h"

namespace monitor {

namespace {

using devices::ValueReader;
using devices::ValueWriter;
using objects::HotSwap;
using objects::Phase;

// A report that does not fit is lost, and the swap goes on: reports are for people.
class SwapReporter final : public objects::SwapListener {
public:
    void phase_began(const HotSwap& swap, Phase phase) override
    {
        devices::mailbox::EventWriter event(abi::EventKind::SWAP_BEGAN);
        event.number(swap.id());
        event.number(swap.update());
        event.text(ReferenceText(swap.reference()).text());
        event.text(objects::name_of(phase));
        event.text(swap.old_class().name);
        event.text(swap.new_class().name);
        event.post().ignore();
        sample_workloads(swap.id(), objects::name_of(phase));
    }

    void swap_ended(const HotSwap& swap) override
    {
        for (unsigned phase = 0; phase < objects::logged_phases; ++phase) {
            for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
                report_phase(swap, cpu, static_cast<Phase>(phase));
        }
        sample_workloads(swap.id(), "ended");
        report_end(swap);
    }

private:
    static void report_phase(const HotSwap& swap, unsigned cpu, Phase phase)
    {
        const auto times = swap.times(cpu, phase);
        if (times.start_ns == 0)
            return;
        devices::mailbox::EventWriter event(abi::EventKind::SWAP_PHASE);
        event.number(swap.id());
        event.number(cpu);
        event.text(objects::name_of(phase));
        event.number(times.start_ns);
        event.number(times.end_ns);
        event.post().ignore();
    }

    static void report_end(const HotSwap& swap)
    {
        const auto counts = swap.counts();
        devices::mailbox::EventWriter event(abi::EventKind::SWAP_DONE);
        event.number(swap.id());
        event.number(swap.update());
        event.text(ReferenceText(swap.reference()).text());
        event.number(static_cast<uint64_t>(-swap.outcome().raw()));
        event.number(counts.forwarded);
        event.number(counts.blocked);
        event.number(counts.blocked_ns_max);
        event.post().ignore();
    }
};

constinit SwapReporter reporter;

Status start_swap(ValueReader& arguments, ValueWriter& result)
{
    objects::CountedScope keeps_the_object;
    const objects::Reference reference = TRY(read_reference(arguments));
    ClassUse used;
    TRY(used.read(arguments));
    kernel::Owned<objects::Root> root(TRY(used.descriptor().make_root()));
    HotSwap* swap = TRY(HotSwap::start(reference, static_cast<kernel::Owned<objects::Root>&&>(root)));
    result.number(swap->id());
    swap->release();
    return {};
}

Status abort_swap(ValueReader& arguments, ValueWriter&)
{
    const uint64_t id = TRY(arguments.number());
    objects::CountedScope keeps_the_swap;
    HotSwap* swap = find_swap([id](const HotSwap& candidate) { return candidate.id() == id; });
    return swap == nullptr ? Status(Code::NOT_FOUND) : swap->abort(Code::CANCELLED);
}

Status start()
{
    objects::set_swap_listener(&reporter);
    TRY(devices::mailbox::register_handler(abi::Operation::SWAP, start_swap));
    return devices::mailbox::register_handler(abi::Operation::ABORT_SWAP, abort_swap);
}

[[gnu::section("init_functions"), gnu::used]] constexpr kernel::InitFunction init{kernel::InitStage::Monitor,
                                                                                  "monitor.swaps", start};

}

}
