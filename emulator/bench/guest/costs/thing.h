// An object that does nothing, to be called.
#pragma once

#include "objects/root.h"
#include "objects/standard_class.h"

namespace bench {

class Thing : public objects::Object {
public:
    virtual kernel::Status nothing(uint64_t value) = 0;

    using Methods = objects::MethodList<&Thing::nothing>;

protected:
    ~Thing() = default;
};

class ThingRoot;

class PlainThing final : public objects::Rep<Thing> {
public:
    static objects::ClassDescriptor descriptor;

    explicit PlainThing(objects::Root& root) : Rep(root) {}

    // In a source of its own, as methods of the kernel are to most of their callers.
    kernel::Status nothing(uint64_t value) override;
};

class ThingRoot final : public objects::SharedRoot<PlainThing> {
public:
    using InterfaceType = Thing;
};

// A later build of the interface: the method has another number.
class RenumberedThing : public objects::Object {
public:
    virtual kernel::Status added() = 0;
    virtual kernel::Status nothing(uint64_t value) = 0;

    using Methods = objects::MethodList<&RenumberedThing::added, &RenumberedThing::nothing>;

protected:
    ~RenumberedThing() = default;
};

// Another one: the method has one more argument.
class WidenedThing : public objects::Object {
public:
    virtual kernel::Status nothing(uint64_t value, uint64_t more) = 0;

    using Methods = objects::MethodList<&WidenedThing::nothing>;

protected:
    ~WidenedThing() = default;
};

}
