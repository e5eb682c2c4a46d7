#include "kernel/init.h"

#include "kernel/generation.h"
#include "kernel/panic.h"
#include "kernel/text.h"

extern "C" {
// Bounds of the linker's section (kernel.lds).
extern const kernel::InitFunction __start_init_functions[];
extern const kernel::InitFunction __stop_init_functions[];
}

namespace kernel {

namespace {

// The function of that stage whose name comes next after `name` (null: the first), or null.
const InitFunction* next_function(InitStage stage, const char* name)
{
    const InitFunction* next = nullptr;
    for (const InitFunction* each = __start_init_functions; each != __stop_init_functions; ++each) {
        if (each->stage != stage || (name != nullptr && compare(each->name, name) <= 0))
            continue;
        if (next == nullptr || compare(each->name, next->name) < 0)
            next = each;
    }
    return next;
}

}

void run_init_functions(InitStage stage)
{
    const InitFunction* each = next_function(stage, nullptr);
    for (; each != nullptr; each = next_function(stage, each->name)) {
        enter_generation();
        const Status status = each->run();
        leave_generation();
        if (!status.ok())
            panic("%s does not start: %s", each->name, name_of(status.code()));
    }
}

}
