// What code makes known about itself, found by name while the code is loaded.
#pragma once

#include "kernel/spinlock.h"
#include "kernel/status.h"
#include "kernel/text.h"

namespace kernel {

// Of static objects that enter it in their constructors: those of the kernel at start, those of a module when it is
// loaded. T has name() and `T* next`, which is the registry's.
template <typename T>
class Registry {
public:
    constexpr Registry() = default;
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    void add(T& item)
    {
        SpinGuard guard(m_lock);
        item.next = m_first;
        m_first = &item;
    }
    // EXISTS when one of that name is there.
    Status add_new(T& item)
    {
        SpinGuard guard(m_lock);
        for (const T* other = m_first; other != nullptr; other = other->next) {
            if (equal(other->name(), item.name()))
                return Code::EXISTS;
        }
        item.next = m_first;
        m_first = &item;
        return {};
    }
    // Those that lie in [first, end): the code there is to go. Calls forgotten(T&) for each, under the lock.
    template <typename Forgotten>
    void forget(uint64_t first, uint64_t end, Forgotten forgotten)
    {
        SpinGuard guard(m_lock);
        for (T** link = &m_first; *link != nullptr;) {
            T& item = **link;
            const auto address = reinterpret_cast<uint64_t>(&item);
            if (address < first || address >= end) {
                link = &item.next;
                continue;
            }
            *link = item.next;
            forgotten(item);
        }
    }
    void forget(uint64_t first, uint64_t end)
    {
        forget(first, end, [](T&) {});
    }

    // The one whose name comes next after `after` (null: the first) among those that are wanted(item), or null. What a
    // module registered stays for the generation of a counted caller.
    template <typename Wanted>
    const T* next(const char* after, Wanted wanted) const
    {
        SpinGuard guard(m_lock);
        const T* next = nullptr;
        for (const T* each = m_first; each != nullptr; each = each->next) {
            if (!wanted(*each) || (after != nullptr && compare(each->name(), after) <= 0))
                continue;
            if (next == nullptr || compare(each->name(), next->name()) < 0)
                next = each;
        }
        return next;
    }
    const T* find(const char* name) const
    {
        return next(nullptr, [name](const T& item) { return equal(item.name(), name); });
    }
    // Under the lock: visit must not call back.
    template <typename Visit>
    void for_each(Visit visit) const
    {
        SpinGuard guard(m_lock);
        for (T* each = m_first; each != nullptr; each = each->next)
            visit(*each);
    }

private:
    // Guards the list. Nothing else but a trace log is locked under it.
    mutable SpinLock m_lock;
    T* m_first = nullptr;
};

}
