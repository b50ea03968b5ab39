"""Model folders made from other files: conversion, quantisation, merging, each a process of its own."""
