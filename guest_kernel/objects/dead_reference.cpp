#include "objects/dead_reference.h"

#include "objects/translation_table.h"

namespace objects {

Route DeadReference::enter(const CallSite& site)
{
    // Relaxed: told to people by the keeper, and compared before and after a generation, which orders them.
    __atomic_store_n(&m_last_caller, site.return_address, __ATOMIC_RELAXED);
    __atomic_fetch_add(&m_calls, 1, __ATOMIC_RELAXED);
    return {refusal(Code::GONE), false, 0};
}

void DeadReference::leave(const CallRecord&)
{
}

}
