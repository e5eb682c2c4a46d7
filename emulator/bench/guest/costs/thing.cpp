#include "thing.h"

namespace bench {

kernel::Status PlainThing::nothing(uint64_t)
{
    return {};
}

constinit objects::ClassDescriptor PlainThing::descriptor = objects::standard_class<ThingRoot>("bench.Thing", "bench.Thing", 1);

namespace {

const objects::ClassRegistration registration(PlainThing::descriptor);

}

}
