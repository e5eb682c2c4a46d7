// Sole ownership of an object on the kernel's heap, visible in the type.
#pragma once

#include "kernel/heap.h"

namespace kernel {

template <typename T>
class [[nodiscard]] Owned {
public:
    Owned() = default;
    explicit Owned(T* object) : m_object(object) {}
    ~Owned() { destroy(m_object); }
    Owned(Owned&& other) : m_object(other.release()) {}
    Owned& operator=(Owned&& other)
    {
        T* taken = other.release();
        destroy(m_object);
        m_object = taken;
        return *this;
    }

    T* release()
    {
        T* object = m_object;
        m_object = nullptr;
        return object;
    }
    T* get() const { return m_object; }
    T* operator->() const { return m_object; }
    T& operator*() const { return *m_object; }
    explicit operator bool() const { return m_object != nullptr; }

private:
    T* m_object = nullptr;
};

}
