// Adaptors that stand one behind the other: what both only forward takes one step.

#include "objects/adapted_state.h"
#include "objects/adaptors.h"
#include "objects/counted_scope.h"

namespace objects {

// Only the keeper makes, shares and frees compositions. Null when there is no memory.
Composition* Adaptors::compose(const AdaptorMap& first, const AdaptorMap& second)
{
    auto* composition = m_compositions;
    while (composition != nullptr && (composition->first != &first || composition->second != &second))
        composition = composition->following;
    if (composition == nullptr) {
        composition = kernel::make<Composition>(kernel::Tag::Interposer);
        if (composition == nullptr)
            return nullptr;
        composition->map.compose(first, second);
        composition->first = &first;
        composition->second = &second;
        composition->following = m_compositions;
        m_compositions = composition;
    }
    ++composition->users;
    return composition;
}

void Adaptors::leave(Composition* composition)
{
    if (composition == nullptr || --composition->users != 0)
        return;
    auto** link = &m_compositions;
    while (*link != composition)
        link = &(*link)->following;
    *link = composition->following;
    kernel::destroy(composition);
}

// Calls go straight to where the second adaptor sends them, or no longer do. No memory: they take the longer way. What is
// looked at without the lock is changed and freed by the keeper alone.
bool Adaptors::begin_collapse(AdaptedReference& record)
{
    CountedScope calls_the_page_allocator;
    auto& adaptor = *record.adaptor;
    const AdaptedReference* second = nullptr;
    {
        kernel::MutexGuard guard(m_lock);
        second = adapted(adaptor.next());
    }
    kernel::Owned<AdaptorFace> face;
    Composition* composition = nullptr;
    if (second != nullptr) {
        composition = compose(adaptor.map(), second->composition == nullptr ? second->adaptor->map() : second->composition->map);
        const auto made = composition == nullptr ? Code::NO_MEMORY : adaptor.make_face(composition->map, second->adaptor->target());
        if (made.ok())
            face = kernel::Owned<AdaptorFace>(made.value());
    }
    bool changed = second == nullptr || face;
    if (changed) {
        kernel::MutexGuard guard(m_lock);
        changed = record.state == AdaptedState::InPlace && !record.held && adapted(adaptor.next()) == second;
        if (changed)
            record.earlier_face = adaptor.change_face(static_cast<kernel::Owned<AdaptorFace>&&>(face));
    }
    record.earlier_composition = changed ? record.composition : composition;
    record.composition = changed ? composition : record.composition;
    if (!changed)
        forget_earlier_face(record);
    else
        tell(record, second == nullptr ? "expanded" : "collapsed");
    return changed;
}

// A generation after callers were shown another one.
void Adaptors::forget_earlier_face(AdaptedReference& record)
{
    CountedScope calls_the_page_allocator;
    record.earlier_face = {};
    leave(record.earlier_composition);
    record.earlier_composition = nullptr;
}

}
