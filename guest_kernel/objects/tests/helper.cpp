#include "kernel/test.h"
#include "objects/tests/probe.h"

namespace objects::tests {

Helper::Helper(void (*body)(void*), void* context, int cpu) : m_body(body), m_context(context)
{
    const kernel::ThreadOptions options{"helper", kernel::default_priority, cpu, true};
    const auto thread = kernel::Thread::create(options, entry, reinterpret_cast<uint64_t>(this));
    EXPECT(thread.ok());
    if (!thread.ok())
        m_ended.signal();
}

void Helper::entry(uint64_t argument)
{
    auto& helper = *reinterpret_cast<Helper*>(argument);
    helper.m_body(helper.m_context);
    helper.m_ended.signal();
}

}
