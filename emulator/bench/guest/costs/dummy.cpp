#include "dummy.h"

#include "objects/standard_class.h"

namespace bench {

constinit objects::FactoryMadeClass PlainDummy::descriptor
    = objects::factory_class<DummyRoot>("bench.Dummy", "bench.Dummy", 1);

namespace {

const objects::ClassRegistration registration(PlainDummy::descriptor);

}

}

extern "C" kernel::Status module_init()
{
    if constexpr (!objects::with_factories)
        return {};
    return objects::open_factory(bench::PlainDummy::descriptor);
}

extern "C" void module_exit()
{
    if constexpr (objects::with_factories)
        objects::close_factory(*bench::PlainDummy::descriptor.record).ignore();
}
