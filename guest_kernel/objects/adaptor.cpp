#include "objects/adaptor.h"

#include "arch/ppc64/percpu.h"
#include "kernel/generation.h"
#include "kernel/panic.h"
#include "objects/counted_scope.h"
#include "objects/translation_table.h"

namespace objects {

namespace {

uint64_t calls_of(const AdaptorFace& face)
{
    uint64_t calls = 0;
    for (const auto& count : face.counts)
        calls += __atomic_load_n(&count.calls, __ATOMIC_RELAXED);
    return calls;
}

}

Adaptor::~Adaptor() = default;

Result<AdaptorFace*> Adaptor::make_face(const AdaptorMap& map, Reference target, Reference next)
{
    auto* face = kernel::make<AdaptorFace>(kernel::Tag::Interposer);
    if (face == nullptr)
        return Code::NO_MEMORY;
    face->face = {map.slots(), this};
    face->target = target;
    face->next = next;
    return face;
}

Status Adaptor::lead_to(Reference next)
{
    m_next = next;
    m_face = kernel::Owned<AdaptorFace>(TRY(make_face(m_map, next, next)));
    show(m_face->face);
    return {};
}

void Adaptor::count_call(AdaptorFace& face)
{
    // Relaxed: the count orders nothing else. Of this CPU or, if the thread has just been moved, of another.
    __atomic_fetch_add(&face.counts[arch::cpu_id()].calls, 1, __ATOMIC_RELAXED);
}

Reference Adaptor::target() const
{
    kernel::MutexGuard guard(m_lock);
    return m_face->target;
}

uint64_t Adaptor::calls() const
{
    kernel::MutexGuard guard(m_lock);
    return m_earlier_calls + calls_of(*m_face);
}

bool Adaptor::calls_through(Reference reference) const
{
    kernel::MutexGuard guard(m_lock);
    return reference == m_next || reference == m_face->target;
}

Status Adaptor::collapse(const Adaptor& second)
{
    kernel::Owned<AdaptorMap> composed;
    {
        CountedScope calls_the_page_allocator;
        composed = kernel::Owned<AdaptorMap>(kernel::make<AdaptorMap>(kernel::Tag::Interposer));
    }
    if (!composed)
        return Code::NO_MEMORY;
    composed->compose(m_map, second.m_composed ? *second.m_composed : second.m_map);
    return change_face(static_cast<kernel::Owned<AdaptorMap>&&>(composed), second.target());
}

Status Adaptor::expand()
{
    return change_face({}, m_next);
}

// Null for the update's own map.
Status Adaptor::change_face(kernel::Owned<AdaptorMap> composed, Reference target)
{
    kernel::Owned<AdaptorFace> face;
    {
        CountedScope calls_the_page_allocator;
        face = kernel::Owned<AdaptorFace>(TRY(make_face(composed ? *composed : m_map, target, m_next)));
    }
    table().show(*this, face->face);
    // Who loaded the face before was counted before this.
    kernel::generations().wait_for_all_cpus();
    CountedScope calls_the_page_allocator;
    kernel::MutexGuard guard(m_lock);
    m_earlier_calls += calls_of(*m_face);
    m_face = static_cast<kernel::Owned<AdaptorFace>&&>(face);
    m_composed = static_cast<kernel::Owned<AdaptorMap>&&>(composed);
    return {};
}

Route Adaptor::enter(const CallSite&)
{
    kernel::panic("a call came to an adaptor by the interceptor");
}

void Adaptor::leave(const CallRecord&)
{
}

}
