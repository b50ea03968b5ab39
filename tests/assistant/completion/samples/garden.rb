# frozen_string_literal: true

require 'date'
require 'json'
require 'set'

module Garden
  # What is sown where, and when it is ripe.
  class Plant
    attr_reader :name, :sown, :days

    def initialize(name, sown:, days:)
      @name = name
      @sown = sown
      @days = days
    end

    def ripe_on
      sown + days
    end

    def ripe?(today = Date.today)
      ripe_on <= today
    end

    def to_s
      "#{name}, ripe on #{ripe_on}"
    end

    def <=>(other)
      ripe_on <=> other.ripe_on
    end
  end

  class BedError < StandardError
    def initialize(bed, message = 'is full')
      super("#{bed.name} #{message}")
    end
  end

  class Bed
    include Enumerable

    NEIGHBOURS = {
      'carrot' => %w[onion leek],
      'bean' => %w[corn squash],
      'tomato' => %w[basil],
    }.freeze

    attr_reader :name, :size

    def initialize(name, size: 8)
      @name = name
      @size = size
      @plants = []
      @seen = Set.new
      @rules = [
        'water in the morning',
        'never sow on frost',
        'harvest what is ripe',
        'note what was seen',
      ]
    end

    def each(&block)
      return enum_for(:each) unless block

      @plants.each(&block)
    end

    def sow(name, days:, sown: Date.today)
      raise BedError, self if @plants.length >= size

      plant = Plant.new(
        name,
        sown: sown,
        days: days,
      )
      @plants << plant
      @seen.add(name)
      plant
    end

    def harvest(today = Date.today)
      ripe, @plants = @plants.partition do |plant|
        plant.ripe?(today)
      end
      ripe.sort.each do |plant|
        yield plant if block_given?
      end
      ripe.length
    end

    def good_neighbours
      @seen.flat_map { |name| NEIGHBOURS.fetch(name, []) }
           .reject { |name| @seen.include?(name) }
           .uniq
           .sort
    end

    def water(litres)
      if litres.negative?
        raise ArgumentError, 'water cannot be taken away'
      elsif litres.zero?
        0
      else
        litres / [@plants.length, 1].max
      end
    end
  end

  class Diary
    def initialize(path)
      @path = path
      @lines = []
    end

    def note(text, kind: :note)
      @lines << {
        at: Date.today.iso8601,
        kind: kind,
        text: text,
      }
      self
    end

    def save
      File.open(@path, 'w') do |file|
        file.puts(JSON.pretty_generate(@lines))
      end
    rescue Errno::ENOENT => e
      warn "#{@path} cannot be written: #{e.message}"
      false
    else
      true
    ensure
      @lines.clear
    end

    def summary
      counts = Hash.new(0)
      kinds = @lines.map { |line| line[:kind] }
                    .uniq
                    .sort
      warn kinds.join(', ') if kinds.length > 3
      @lines.each do |line|
        counts[line[:kind]] += 1
      end
      counts.map { |kind, count| "#{kind}: #{count}" }.join(', ')
    end

    def describe(kind)
      case kind
      when :note
        'something was seen'
      when :sown
        'something was sown'
      when :harvest, :ripe
        'something was taken'
      else
        'nothing is known'
      end
    end
  end
end

describe Garden::Bed do
  let(:bed) { Garden::Bed.new('north', size: 2) }

  it 'takes as many plants as it has room' do
    bed.sow('carrot', days: 70)
    bed.sow('leek', days: 120)
    expect { bed.sow('corn', days: 90) }.to raise_error(Garden::BedError)
  end

  it 'knows what grows well beside it' do
    bed.sow('carrot', days: 70)
    expect(bed.good_neighbours).to eq(%w[leek onion])
  end

  it 'gives nothing before it is ripe' do
    bed.sow('bean', days: 60)
    expect(bed.harvest).to eq(0)
  end
end
