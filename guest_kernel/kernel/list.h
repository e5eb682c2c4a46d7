// A doubly linked list whose links lie in its elements, so that putting one in never fails.
#pragma once

#include "kernel/panic.h"

namespace kernel {

template <typename T>
struct ListLink {
    T* next = nullptr;
    T* previous = nullptr;
    bool linked = false;
};

// Elements are linked through the member `link`. Whoever owns the list says what guards it.
template <typename T, ListLink<T> T::*link>
class List {
public:
    bool empty() const { return m_first == nullptr; }
    T* first() const { return m_first; }
    static T* next(const T& element) { return (element.*link).next; }
    static bool contains(const T& element) { return (element.*link).linked; }

    void append(T& element) { insert_before(element, nullptr); }
    void prepend(T& element) { insert_before(element, m_first); }

    // Puts it in front of `position`; at the end when that is null.
    void insert_before(T& element, T* position)
    {
        auto& links = element.*link;
        ASSERT(!links.linked);
        T* previous = position == nullptr ? m_last : (position->*link).previous;
        links = {position, previous, true};
        (previous == nullptr ? m_first : (previous->*link).next) = &element;
        (position == nullptr ? m_last : (position->*link).previous) = &element;
    }

    void remove(T& element)
    {
        auto& links = element.*link;
        ASSERT(links.linked);
        (links.previous == nullptr ? m_first : (links.previous->*link).next) = links.next;
        (links.next == nullptr ? m_last : (links.next->*link).previous) = links.previous;
        links = {};
    }

    T* take_first()
    {
        T* element = m_first;
        if (element != nullptr)
            remove(*element);
        return element;
    }

private:
    T* m_first = nullptr;
    T* m_last = nullptr;
};

}
