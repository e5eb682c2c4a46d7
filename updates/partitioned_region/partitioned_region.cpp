#include "region_partitioned.h"

#include "objects/update.h"

extern "C" kernel::Status module_init()
{
    return objects::introduce_class(services::RegionPartitioned::descriptor);
}
