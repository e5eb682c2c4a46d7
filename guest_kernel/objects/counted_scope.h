// Calls through references from a thread that is otherwise not counted in a generation.
#pragma once

#include "kernel/generation.h"

namespace objects {

// Enters a generation for the scope, unless the thread is counted anyway. It must not wait for a generation inside.
class [[nodiscard]] CountedScope {
public:
    CountedScope() : m_entered(!kernel::current_thread_counted())
    {
        if (m_entered)
            kernel::enter_generation();
    }
    ~CountedScope()
    {
        if (m_entered)
            kernel::leave_generation();
    }
    CountedScope(const CountedScope&) = delete;
    CountedScope& operator=(const CountedScope&) = delete;

private:
    bool m_entered;
};

}
