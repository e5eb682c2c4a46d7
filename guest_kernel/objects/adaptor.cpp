#include "objects/adaptor.h"

#include "arch/ppc64/percpu.h"
#include "kernel/panic.h"
#include "objects/translation_table.h"

namespace objects {

uint64_t AdaptorCalls::sum()
{
    uint64_t calls = 0;
    for (unsigned cpu = 0; cpu < abi::MAX_CPUS; ++cpu)
        calls += __atomic_load_n(&counts()[cpu].calls, __ATOMIC_RELAXED);
    return calls;
}

Adaptor::~Adaptor() = default;

void Adaptor::lead_to(AdaptedReference& record, Reference next, AdaptorCalls& calls)
{
    m_record = &record;
    m_own_face = {{m_map.slots(), this}, next, next, calls.counts()};
    show(m_own_face.face);
}

Result<AdaptorFace*> Adaptor::make_face(const AdaptorMap& map, Reference target)
{
    auto* face = kernel::make<AdaptorFace>(kernel::Tag::Interposer);
    if (face == nullptr)
        return Code::NO_MEMORY;
    *face = {{map.slots(), this}, target, m_own_face.next, m_own_face.calls};
    return face;
}

kernel::Owned<AdaptorFace> Adaptor::change_face(kernel::Owned<AdaptorFace> face)
{
    auto& shown = face ? *face : m_own_face;
    table().show(*this, shown.face);
    kernel::Owned<AdaptorFace> before = static_cast<kernel::Owned<AdaptorFace>&&>(m_collapsed);
    m_collapsed = static_cast<kernel::Owned<AdaptorFace>&&>(face);
    return before;
}

void Adaptor::count_call(AdaptorFace& face)
{
    // Relaxed: the count orders nothing else. Of this CPU or, if the thread has just been moved, of another.
    __atomic_fetch_add(&face.calls[arch::cpu_id()].calls, 1, __ATOMIC_RELAXED);
}

Route Adaptor::enter(const CallSite&)
{
    kernel::panic("a call came to an adaptor by the interceptor");
}

void Adaptor::leave(const CallRecord&)
{
}

}
