// An object that goes with the scope, or the job, that made it.
#pragma once

#include "objects/lifetime.h"

namespace workload {

template <typename I>
class [[nodiscard]] OwnedObject {
public:
    OwnedObject() = default;
    explicit OwnedObject(objects::Ref<I> object) : m_object(object) {}
    // For counted threads.
    ~OwnedObject() { destroy().ignore(); }
    OwnedObject(OwnedObject&& other) : m_object(other.m_object) { other.m_object = {}; }
    OwnedObject& operator=(const OwnedObject&) = delete;

    kernel::Status destroy()
    {
        const auto object = m_object;
        m_object = {};
        return object ? objects::destroy(object.reference()) : kernel::Status();
    }
    objects::Ref<I> get() const { return m_object; }

private:
    objects::Ref<I> m_object;
};

}
