// An object of one number, which is made and ended to see what that costs.
#pragma once

#include "objects/standard_factory.h"

namespace bench {

class Dummy : public objects::Object {
public:
    struct Creation {
        uint64_t value = 0;
    };

    virtual kernel::Result<uint64_t> value() = 0;

    using Methods = objects::MethodList<&Dummy::value>;

protected:
    ~Dummy() = default;
};

class PlainDummy final : public objects::Rep<Dummy> {
public:
    static objects::FactoryMadeClass descriptor;

    PlainDummy(objects::Root& root, uint64_t value) : Rep(root), m_value(value) {}

    kernel::Result<uint64_t> value() override { return m_value; }

private:
    uint64_t m_value;
};

class DummyRoot final : public objects::SharedRoot<PlainDummy> {
public:
    using InterfaceType = Dummy;

    DummyRoot() : DummyRoot(Dummy::Creation{}) {}
    explicit DummyRoot(const Dummy::Creation& creation) : SharedRoot(creation.value) {}
};

}
