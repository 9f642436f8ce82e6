-- The shapes that print gives to things; see resolve.lua.

local stringify = pandoc.utils.stringify
local LINE, LINES = 80, 14 -- letters and lines of a table that is set in its full size, in one piece
local SIZE, SMALLEST = 10, 6 -- of its text, in points

local shape = { solutions_last = true, references = {} }

local function inline(text) return pandoc.RawInline("typst", text) end
local function block(text) return pandoc.RawBlock("typst", text) end
local function with(attributes, content) return pandoc.Div(content, pandoc.Attr("", {}, attributes)) end

local function quoted(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("\n", " ") .. '"'
end

local function has_page(file, page)
  return pandoc.List(file.pages):includes(page)
end

function shape.comment(text) return block("/* " .. text .. " */") end

-- Solutions stand at their chapter's end.
local function solutions_last(blocks)
  local kept, solutions = pandoc.Blocks({}), pandoc.Blocks({})
  local function end_chapter()
    if #solutions == 0 then return end
    kept:insert(block("#heading(level: 2, numbering: none, outlined: false, bookmarked: false)[Solutions]"))
    kept:extend(solutions)
    solutions = pandoc.Blocks({})
  end
  for _, each in ipairs(blocks) do
    if each.t == "Header" and each.level == 1 then end_chapter() end
    local is_solution = each.t == "Div" and each.classes:includes("solution")
    local place = is_solution and solutions or kept
    place:insert(each)
  end
  end_chapter()
  return kept
end

function shape.start(doc, file)
  if not file.hand_in then doc.blocks = solutions_last(doc.blocks) end
  return doc
end

function shape.reference(text, label, file)
  if not has_page(file, label.page) then return text end
  return pandoc.Inlines({ pandoc.Link(text, "#" .. label.id, "", pandoc.Attr("", { "reference" })) })
end

function shape.link(el, chapter, place, file)
  if not chapter or not has_page(file, chapter) then return el.content end
  for id, label in pairs(file.labels) do
    if place == "" and label.kind == "chapter" and label.page == chapter then place = id end
  end
  if place == "" then return el.content end
  el.target = "#" .. place
  return el
end

function shape.number(number) return pandoc.Inlines({ pandoc.Str(number), pandoc.Str("\u{2002}") }) end

function shape.image(el, alt) -- whose alt text pandoc's writer drops
  local width = el.attributes.width and ", width: " .. el.attributes.width or ""
  local text = quoted(alt or stringify(el.caption))
  return inline("#image(" .. quoted(el.src) .. ", alt: " .. text .. width .. ")")
end

function shape.equation(el)
  local open = '#equation("' .. el.attributes.number .. '", "' .. el.identifier .. '")['
  return { inline(open), el.content[1], inline("]") }
end

function shape.box(kind, title, content)
  local blocks = pandoc.Blocks({ block('#callout("' .. kind .. '")['), pandoc.Plain(title), block("][") })
  blocks:extend(content)
  blocks:insert(block("]"))
  return blocks
end

function shape.exercise(el)
  el.attributes["typst:above"] = "1.5em"
  return el
end

function shape.code(el) return el end

function shape.markdown(el) return el.content end

-- Code stays on the page of its output. A block of typst would eat a figure's spacing.
function shape.cell(el)
  local blocks = el.content
  local first = blocks[1]
  if #blocks > 1 and first.t == "CodeBlock" and first.classes:includes("cell-code") then
    local rules = { { "typst:above", "1.2em" }, { "typst:sticky", "true" }, { "typst:below", "0.7em" } }
    blocks[1] = with(rules, { first })
  end
  return blocks
end

-- Tables ----------------------------------------------------------------------------------------

-- The letters of the widest row of a formula, and the number of its rows.
local function formula_size(tex)
  local rows = 1
  local function row_letters(row)
    return #row:gsub("\\%a+", "x"):gsub("[%s{}^_\\]", ""):gsub("&", "xx")
  end
  tex = tex:gsub("\\begin{%a+}(.-)\\end{%a+}", function(body)
    local widest, count = 0, 0
    for row in (body .. "\\\\"):gmatch("(.-)\\\\") do
      widest, count = math.max(widest, row_letters(row)), count + 1
    end
    rows = math.max(rows, count)
    return ("x"):rep(widest + 2)
  end)
  return row_letters(tex:gsub("\\frac(%b{})(%b{})", function(above, below)
    return #above > #below and above or below
  end)), rows
end

-- The letters of the longest word or formula of a cell, and the lines that its formulas take.
local function cell_size(cell)
  local widest, lines = 0, 1
  local function measure(letters, rows)
    widest, lines = math.max(widest, letters), math.max(lines, rows)
  end
  cell.contents:walk({
    Str = function(el) measure(utf8.len(el.text) or #el.text, 1) end,
    Code = function(el) measure(#el.text, 1) end,
    Math = function(el) measure(formula_size(el.text)) end,
  })
  return widest, lines
end

-- The letters that a table is wide, and the lines that it is high.
local function table_size(rows)
  local columns, lines, width = {}, 0, 0
  for _, row in ipairs(rows) do
    local highest = 1
    for i, cell in ipairs(row.cells) do
      local letters, height = cell_size(cell)
      columns[i], highest = math.max(columns[i] or 0, letters), math.max(highest, height)
    end
    lines = lines + highest
  end
  for _, letters in pairs(columns) do width = width + letters + 2 end
  return width, lines
end

-- Wide ones are set smaller, by the widest words of their columns, and long ones break.
local function fitted(el, fail)
  local rows = pandoc.List(el.head.rows)
  for _, body in ipairs(el.bodies) do rows = rows .. body.body end
  local width, lines = table_size(rows)
  local share = math.min(1, LINE / width)
  if share * SIZE < SMALLEST then
    local first = pandoc.List()
    for i = 1, math.min(#rows[1].cells, 8) do first:insert(stringify(rows[1].cells[i])) end
    fail("the table that starts with `" .. table.concat(first, " ") .. "` is too wide for the PDF's page, "
      .. "even in small type: make its columns narrower, or fewer")
  end
  local rules = lines > LINES and "#show figure: set block(breakable: true)\n" or ""
  if share < 1 then
    rules = rules .. ("#show table: set text(%.1fpt)\n#set table(inset: %.1fpt)\n"):format(SIZE * share, 5 * share)
  end
  return rules ~= "" and { block("#[\n" .. rules), el, block("]") } or nil
end

-- A paragraph that does not end a sentence stays on the page of what it leads to.
local function keep_together(blocks)
  for i, each in ipairs(blocks) do
    local is_text = each.t == "Para" and each.content[1].t ~= "RawInline" -- and no formula
    if is_text and blocks[i + 1] and not stringify(each):match("[.?!]%W*$") then
      blocks[i] = with({ { "typst:sticky", "true" } }, { each })
    end
  end
  return blocks
end

function shape.finish(doc, file, fail)
  if not file.marked then -- marks are longer than their words
    doc = doc:walk({ Table = function(el) return fitted(el, fail) end })
  end
  return doc:walk({ Blocks = keep_together })
end

return shape
