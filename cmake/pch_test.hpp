// Added to pch.hpp for the test programs.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
