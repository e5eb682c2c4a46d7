#include "objects/idle_conversion.h"

#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/event.h"
#include "kernel/thread.h"
#include "objects/adaptors.h"
#include "objects/converters.h"
#include "objects/counted_scope.h"
#include "objects/instance_set.h"
#include "objects/priorities.h"
#include "objects/update_record.h"

namespace objects {

namespace {

// What is in somebody else's hands needs time to pass.
constexpr uint64_t look_again_ns = kernel::millisecond;

constinit kernel::Event work_on[abi::MAX_CPUS];

// The set may go with its class' factory: who looks at it is counted.
bool anything_on(const ClassRecord& record, unsigned cpu)
{
    CountedScope keeps_the_set;
    auto* set = record.instance_set();
    return set != nullptr && set->count(cpu, InstanceList::Marked) + set->count(cpu, InstanceList::Promoted) != 0;
}

// What fails goes to the list of the failed, so this ends. A transition of the class that begins meanwhile changes what
// the instances are to be, and finds nothing half done.
void convert_all(ClassRecord& record, unsigned cpu)
{
    Converters own(record);
    while (anything_on(record, cpu)) {
        if (!own.take_some(cpu, idle_priority))
            kernel::sleep_until(kernel::now_ns() + look_again_ns);
    }
}

void work(uint64_t cpu)
{
    for (;;) {
        work_on[cpu].consume();
        for (unsigned i = 0; auto* record = record_at(i); ++i) {
            if (anything_on(*record, static_cast<unsigned>(cpu)))
                convert_all(*record, static_cast<unsigned>(cpu));
        }
        updates().review_superseded();
        adaptors().look_again();
    }
}

}

Status start_idle_conversion()
{
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        const kernel::ThreadOptions options{"idle converter", idle_priority, static_cast<int>(cpu), false};
        TRY(kernel::Thread::create(options, work, cpu));
    }
    return {};
}

void convert_in_idle_time()
{
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
        work_on[cpu].signal();
}

}
