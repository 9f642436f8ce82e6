-- What pandoc's writers get wrong in formulas; for Quarto and for resolve.lua.
--
-- In MathML no browser puts a space between log and what follows it without brackets, and a prime that
-- is a superscript stands too high, since fonts raise it already.
--
-- The typst writer has no gap between the columns of cases and aligned nor for \;, none between those
-- of an array at all, takes \| and \lvert for relations, gives a matrix within a line no more room
-- than a letter, and, since pandoc 3.10, makes one name of a bracket's index and what follows: (a)_k b.

if FORMAT:match("^html") then
  local function spaced(el)
    el.text = el.text:gsub("\\log%s+([^%s%(_{])", "\\log \\, %1"):gsub("\\log \\, \\left", "\\log \\left")
    el.text = el.text:gsub("(%a)'([^'])", "%1′%2")
    return el
  end
  return { { Math = spaced } }
end

-- On paper there is room for what is broken into lines for a phone: there a {} follows the break.
local function on_paper(text)
  return (text:gsub("\\\\ &\\quad {}", ""):gsub("\\\\ &{}", "\\quad"))
end

if FORMAT:match("^latex") then
  local function unbroken(el)
    el.text = on_paper(el.text)
    return el
  end
  return { { Math = unbroken } }
end
if not FORMAT:match("^typst") then return {} end

local BOX = [=[#box[#set text(top-edge: "bounds", bottom-edge: "bounds");]=]

local function fences(text)
  text = text:gsub("\\left%s*\\|", "\\lVert "):gsub("\\right%s*\\|", "\\rVert ")
  text = text:gsub("\\left%s*\\lVert", "\\lVert"):gsub("\\right%s*\\rVert", "\\rVert")
  return (text:gsub("\\lvert", "\\left|"):gsub("\\rvert", "\\right|"))
end

-- The second, fourth, … & of an aligned line parts two equations.
local function apart(text)
  if not text:match("\\begin{align") then return text end
  local inside, count, result = {}, 0, {}
  local at = 1
  while at <= #text do
    local piece = text:match("^\\%a+%*?", at) or text:match("^\\.", at) or text:sub(at, at)
    at = at + #piece
    if piece == "\\begin" then
      table.insert(inside, text:match("^{(%a+)", at))
      count = #inside == 1 and 0 or count
    elseif piece == "\\end" then
      table.remove(inside)
    elseif #inside == 1 and inside[1]:match("^align") and piece == "\\\\" then
      count = 0
    elseif #inside == 1 and inside[1]:match("^align") and piece == "&" then
      count = count + 1
      if count % 2 == 0 then piece = "\\quad &" end
    end
    table.insert(result, piece)
  end
  return table.concat(result)
end

local function parted(text)
  local at = 1
  while true do
    local _, mark = text:find("[%)%]|][_^]", at)
    if not mark then return text end
    at = mark
    repeat
      local script = text:match("^%b{}", at + 1) or text:match("^\\%a+", at + 1) or text:sub(at + 1, at + 1)
      at = at + #script + 1
    until not text:match("^[_^]", at)
    text = text:sub(1, at - 1) .. "{}" .. text:sub(at)
  end
end

local function Math(el)
  local open = false
  local given = parted(apart(on_paper(el.text))):gsub("\\begin{array}%b{}", "\\begin{matrix}"):gsub("\\end{array}", "\\end{matrix}")
  local text = fences(given):gsub("\\(.)", function(escaped)
    if escaped == ";" then return "\\:" end
    if escaped ~= "|" then return nil end
    open = not open
    return open and "\\lVert " or "\\rVert "
  end)
  el.text = text:gsub("(\\begin{cases}.-\\end{cases})", function(cases)
    return (cases:gsub("([^\\])&", "%1&\\quad "))
  end)
  if el.mathtype == "InlineMath" and text:match("\\begin") then -- no line may end inside
    return { pandoc.RawInline("typst", BOX), el, pandoc.RawInline("typst", "]") }
  end
  return el
end

return { { Math = Math } }
